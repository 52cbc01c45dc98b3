register-title = 회원가입
register-email = 이메일
register-username = 아이디
register-username-hint = 3~32자: 영문 소문자, 숫자, 점(.), 하이픈(-), 밑줄(_)
register-password-hint = { $min }자 이상 입력해 주세요. 서로 관련 없는 단어 몇 개를 이어 쓰면 좋고, 띄어쓰기도 쓸 수 있어요.
register-display-name = 닉네임
register-display-name-hint = 다른 사람에게 보이는 이름이에요. 한글도 쓸 수 있어요.
register-known = 이미 계정이 있나요?

email-missing = 이메일을 입력해 주세요.
email-invalid = name@example.com 같은 형식의 이메일을 입력해 주세요.
email-invisible = 이메일에 보이지 않는 문자가 있어요. 붙여 넣지 말고 직접 입력해 주세요.
email-taken = 이미 다른 계정이 쓰고 있는 이메일이에요. 다른 이메일을 입력해 주세요.
email-too-long = 이메일이 너무 길어요. 더 짧은 이메일을 입력해 주세요.

username-missing = 아이디를 입력해 주세요.
username-too-short = 아이디를 { $min }자 이상 입력해 주세요.
username-too-long = 아이디를 { $max }자 이하로 입력해 주세요.
username-characters = 아이디에는 영문 소문자, 숫자, 점(.), 하이픈(-), 밑줄(_)만 쓸 수 있어요.
username-ends = 아이디의 처음과 끝에는 영문 소문자나 숫자를 써 주세요.
username-official = 서비스 운영자가 쓰는 아이디예요. 다른 아이디를 입력해 주세요.
username-taken = 이미 사용 중인 아이디예요. 다른 아이디를 입력해 주세요.

display-name-too-long = 닉네임을 { $max }자 이하로 입력해 주세요.
display-name-characters = 닉네임에 보이지 않는 문자가 있어요. 그 문자 없이 다시 입력해 주세요.
display-name-official = 서비스 운영자가 쓰는 이름이에요. 다른 닉네임을 입력해 주세요.
