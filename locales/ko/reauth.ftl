reauth-title = 본인이 맞으신가요?
reauth-why = { $username } 계정을 지키는 설정을 바꾸려고 해요. 비밀번호를 한 번 더 입력해 주세요.
reauth-go-on = 계속
