passkey-sign-in = 패스키로 로그인
passkey-use = 패스키 사용
passkey-login-title = 패스키로 로그인
passkey-login-why = 기기를 잠금 해제할 때처럼 지문, 얼굴, 화면 잠금으로 패스키를 사용해 주세요.
passkey-second-why = 비밀번호가 맞아요. 계속하려면 { $username } 계정의 패스키를 사용해 주세요.
passkey-reauth-why = { $username } 계정을 지키는 설정을 바꾸려고 해요. 계정의 패스키를 한 번 더 사용해 주세요.
passkey-trust = 이 브라우저에서 30일 동안 다시 묻지 않기
passkey-way-totp = 인증 앱의 코드 사용
passkey-way-recovery-code = 복구 코드 사용
passkey-somebody-else = 다른 계정으로 로그인
passkey-password-instead = 비밀번호로 로그인

## 페이지에서 브라우저가 답하는 말

passkey-cancelled = 패스키를 사용하지 않았어요. 언제든 다시 시도해 주세요.
passkey-failed = 브라우저가 여기에서 패스키를 사용하지 못했어요. 다시 시도하거나 다른 방법을 골라 주세요.
passkey-slow = 같은 네트워크에서 시도가 너무 많았어요. 1분 뒤에 다시 시도해 주세요.
passkey-busy = 지금은 요청이 몰려 있어요. 잠시 뒤에 다시 시도해 주세요.
passkey-known = 이 기기에는 이미 이 계정의 패스키가 있어요.
passkey-unsupported = 패스키를 쓰려면 이 페이지에서 JavaScript를 켜고, 패스키를 지원하는 브라우저를 써야 해요. 다른 방법을 골라도 돼요.
passkey-not-offered = 이 서비스의 주소가 이름이 아니라 숫자라서 패스키를 쓸 수 없어요. 운영자가 바꿀 수 있어요.

## 서버가 답하는 말

passkey-missing = 패스키가 도착하지 않았어요. 다시 시도해 주세요.
passkey-over = 시간이 너무 지났거나 두 번 보냈어요. 다시 시도해 주세요.
passkey-refused = 이 패스키로는 로그인할 수 없어요. 다른 패스키나 다른 방법을 써 주세요.

## 계정의 패스키

passkeys-title = 패스키
passkeys-hint = 패스키가 있으면 지문, 얼굴, 화면 잠금으로 로그인해요. 짐작할 수 없고 이 사이트에서만 쓰여요.
passkeys-synced = 동기화됨
passkeys-created = { $age } 추가
passkeys-used = { $age } 사용
passkeys-never-used = 아직 사용하지 않음
passkeys-rename = 이름 바꾸기
passkeys-new-name = 새 이름
passkeys-save = 저장
passkeys-remove = 삭제
passkeys-add-title = 패스키 추가
passkeys-add-hint = 기기나 비밀번호 관리자가 패스키를 보관하고, 쓸 때 잠금 해제를 요청해요.
passkeys-name = 이름
passkeys-name-hint = 나중에 알아볼 수 있는 이름이에요.
passkeys-add = 패스키 추가
passkeys-back = 로그인 방법으로 돌아가기
passkeys-add-missing = 패스키가 도착하지 않았어요. 다시 시도해 주세요.
passkeys-add-over = 시간이 너무 지났거나 두 번 보냈어요. 다시 시도해 주세요.
passkeys-add-refused = 이 패스키를 추가하지 못했어요. 다시 시도하거나 다른 기기를 써 주세요.
passkeys-full = 패스키가 20개로 가득 찼어요. 하나를 삭제하면 추가할 수 있어요.
passkeys-name-missing = 패스키 이름을 입력해 주세요.
passkeys-name-too-long = 이름은 64자 이하로 정해 주세요.
passkeys-name-characters = 이름에 보이지 않는 문자가 있어요. 그 문자 없이 다시 입력해 주세요.
