end-session-ask = { $app } 앱에서 로그아웃을 요청했어요. 로그아웃하면 이 브라우저에서 쓰던 다른 앱에서도 로그아웃돼요.
end-session-ask-alone = 앱에서 로그아웃을 요청했어요. 로그아웃하면 이 브라우저에서 쓰던 다른 앱에서도 로그아웃돼요.
end-session-back = { $app } 앱으로 돌아가기
