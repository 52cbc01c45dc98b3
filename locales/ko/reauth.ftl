reauth-title = 본인 확인
reauth-why = 계정 보안에 관한 설정이에요. { $username } 계정의 비밀번호를 입력해 주세요.
reauth-go-on = 계속
