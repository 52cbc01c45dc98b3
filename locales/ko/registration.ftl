register-title = 회원가입
register-email = 이메일
register-username = 사용자 이름
register-username-hint = 3~32자: 영문, 숫자, 점(.), 하이픈(-), 밑줄(_)
register-password-hint = { $min }자 이상이면 돼요. 서로 관련 없는 단어 몇 개를 이어 쓰면 좋고, 띄어쓰기도 쓸 수 있어요.
register-display-name = 표시 이름
register-display-name-hint = 불리고 싶은 이름을 어떤 문자로든 적어 주세요.
register-known = 이미 계정이 있나요?

email-missing = 이메일을 입력해 주세요.
email-invalid = name@example.com 같은 형식의 이메일을 입력해 주세요.
email-invisible = 주소 안에 보이지 않는 문자가 있어요. 붙여 넣지 말고 직접 입력해 주세요.
email-taken = 이미 다른 계정이 쓰고 있는 이메일이에요. 다른 이메일을 입력해 주세요.
email-too-long = 이메일이 너무 길어요. 더 짧은 주소를 입력해 주세요.

username-missing = 사용자 이름을 정해 주세요.
username-too-short = 사용자 이름을 { $min }자 이상으로 정해 주세요.
username-too-long = 사용자 이름을 { $max }자 이하로 정해 주세요.
username-characters = 사용자 이름에는 영문, 숫자, 점(.), 하이픈(-), 밑줄(_)만 써 주세요.
username-ends = 영문이나 숫자로 시작하고 끝나는 사용자 이름을 정해 주세요.
username-official = 서비스 운영자가 쓰는 이름이에요. 다른 이름을 정해 주세요.
username-taken = 이미 쓰이고 있는 사용자 이름이에요. 다른 이름을 정해 주세요.

display-name-too-long = 표시 이름을 { $max }자 이하로 적어 주세요.
display-name-characters = 표시 이름에 나타낼 수 없는 보이지 않는 문자가 있어요. 그 문자 없이 다시 적어 주세요.
display-name-official = 서비스 운영자가 쓰는 이름이에요. 다른 이름을 적어 주세요.
