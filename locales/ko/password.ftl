password-title = 비밀번호
password-what = 비밀번호를 바꾸면 다른 기기에서는 모두 로그아웃돼요.
password-present-set = 마지막 변경: { $age }
password-present = 현재 비밀번호
password-change = 비밀번호 바꾸기
