setup-title = 첫 관리자 계정 만들기
setup-what = 이 서비스를 관리할 계정이에요. 이메일은 따로 인증하지 않아도 돼요.
setup-make = 계정 만들기
setup-link-over = 이미 사용했거나, 새 링크로 바뀌었거나, 한 시간이 지난 링크예요.
setup-link-again = 아직 관리자가 없다면, 이 서비스의 운영자가 “vestibule user setup-link” 명령으로 새 링크를 만들 수 있어요.
