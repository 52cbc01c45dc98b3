recover-title = 새 비밀번호 설정
recover-link = 비밀번호를 잊으셨나요?
recover-how = 사용자 이름이나 이메일을 입력해 주세요. 계정이 있으면 그 계정의 주소로 링크를 보내 드려요. 링크는 10분 동안 쓸 수 있어요.
recover-send = 링크 받기
recover-link-over = 이미 썼거나 기한이 지난 링크예요. 여기에서 새 링크를 받아 주세요.
reset-title = 새 비밀번호 정하기
reset-what = { $username } 계정의 비밀번호예요. 지금 로그인된 곳에서는 모두 로그아웃돼요.
reset-set = 비밀번호 설정
