sessions-title = 세션
sessions-hint = 로그인되어 있는 모든 곳이에요. 이제 쓰지 않는 곳은 끝내 주세요.
sessions-others = 다른 모든 곳
sessions-others-hint = 지금 이 세션만 남기고 모두 끝내요.
sessions-end-others = 다른 세션 모두 끝내기
sessions-unknown = 본인이 아닌 것 같은 세션이 있나요?

## 목록에 나오는 세션 하나

session-current = 이 브라우저
session-remembered = 로그인 유지
session-address = 접속 주소: { $address }
session-seen = 마지막 사용: { $age }
session-created = 로그인: { $age }
session-end = 끝내기

## 2단계 인증을 건너뛰는 브라우저

browsers-title = 기억해 둔 브라우저
browsers-hint = 요청하신 대로 이 브라우저에서는 비밀번호를 맞게 입력하면 2단계 인증을 건너뛰어요. 비밀번호를 바꾸면 모두 끝나요.
browsers-since = 기억: { $age }
browsers-until = { $date }까지
browsers-forget = 다시 묻기
