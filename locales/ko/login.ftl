login-title = 로그인
login-identifier = 아이디 또는 이메일
login-remember = 이 기기에서 로그인 유지
login-for-app = 로그인하면 { $app } 앱으로 이동해요.
login-new-here = 처음 오셨나요?
login-identifier-missing = 아이디나 이메일을 입력해 주세요.

login-refused = 아이디(이메일) 또는 비밀번호가 맞지 않아요. 한/영 상태와 대소문자를 확인해 주세요.
login-closing = 탈퇴를 신청한 계정이에요. 탈퇴를 취소하려면 방금 이메일로 보내 드린 링크를 열어 주세요.
