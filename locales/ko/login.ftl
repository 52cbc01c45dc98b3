login-title = 로그인
login-identifier = 사용자 이름 또는 이메일
login-remember = 이 기기에서 로그인 유지
login-for-app = 로그인하면 { $app } 앱으로 이동해요.
login-new-here = 처음 오셨나요?
login-identifier-missing = 사용자 이름이나 이메일을 입력해 주세요.

login-refused = 이름과 비밀번호가 서로 맞지 않아요. 한/영 상태와 대소문자를 확인하고 다시 시도해 주세요.
login-closing = 곧 삭제될 계정이에요. 계정을 유지하려면 방금 메일로 다시 보내 드린 링크를 열어 주세요.
