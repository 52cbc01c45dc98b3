logout-title = 로그아웃할까요?
logout-text = 이 브라우저에서만 로그아웃돼요. 다른 기기는 그대로예요.
logout-stay = 로그인 상태 유지하기
logout-done-title = 로그아웃됐어요
logout-done-text = 이 브라우저는 로그인되어 있지 않아요.
