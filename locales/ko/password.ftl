password-title = 비밀번호 바꾸기
password-what = 비밀번호를 바꾸면 다른 곳에서는 모두 로그아웃돼요.
password-present-set = 지금 비밀번호: { $age } 설정
password-present = 지금 비밀번호
password-change = 비밀번호 바꾸기
