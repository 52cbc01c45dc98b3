profile-title = 내 정보
profile-language-hint = 보내 드리는 이메일과 이 브라우저의 페이지에 써요.
profile-language-browser = 브라우저 설정과 같게
profile-save = 저장
profile-fixed = 로그인에 쓰는 아이디와 이메일
profile-slow-down = 짧은 시간에 너무 많이 바꿨어요. { $wait } 뒤에 다시 저장해 주세요.
profile-account = 내 데이터와 계정
profile-email-change = 이메일 바꾸기
