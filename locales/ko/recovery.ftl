recover-title = 비밀번호 재설정
recover-link = 비밀번호 찾기
recover-how = 아이디나 이메일을 입력해 주세요. 가입된 계정이라면 이메일로 링크를 보내 드려요. 링크는 10분 동안 쓸 수 있어요.
recover-send = 링크 받기
recover-link-over = 이미 사용했거나 만료된 링크예요. 여기에서 새 링크를 받아 주세요.
reset-title = 비밀번호 재설정
reset-what = { $username } 계정의 새 비밀번호를 입력해 주세요. 모든 기기에서 로그아웃돼요.
reset-set = 비밀번호 재설정
