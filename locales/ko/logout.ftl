logout-title = 로그아웃할까요?
logout-text = 이 브라우저의 세션이 끝나요. 다른 세션은 그대로 있어요.
logout-stay = 로그인 상태 유지하기
logout-done-title = 로그아웃된 상태예요
logout-done-text = 이 브라우저에는 세션이 없어요.
