profile-title = 프로필
profile-language-hint = 보내 드리는 메일과 이 브라우저의 페이지에 써요.
profile-language-browser = 브라우저 설정에 따라
profile-save = 저장
profile-fixed = 로그인에 쓰는 정보
profile-slow-down = 한꺼번에 너무 많이 바꿨어요. { $wait } 뒤에 다시 저장해 주세요.
profile-account = 내 데이터와 계정
