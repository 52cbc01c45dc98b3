passkey-sign-in = 패스키로 로그인
passkey-use = 패스키 사용하기
passkey-login-title = 패스키로 로그인
passkey-second-title = 한 단계만 남았어요
passkey-login-why = 지문, 얼굴, 화면 잠금으로 로그인해요.
passkey-second-why = 이제 패스키를 사용하면 { $username } 계정에 로그인돼요.
passkey-reauth-why = 계정 보안에 관한 설정이에요. { $username } 계정의 패스키를 사용해 주세요.
passkey-trust = 이 브라우저에서 30일 동안 다시 묻지 않기
passkey-way-totp = 인증 앱 사용하기
passkey-way-recovery-code = 복구 코드 사용하기
passkey-somebody-else = 다른 계정 사용하기
passkey-password-instead = 비밀번호로 로그인

## 페이지에서 브라우저가 답하는 말

passkey-cancelled = 패스키 사용이 취소됐어요. 다시 시도해 주세요.
passkey-failed = 이 브라우저에서 패스키를 사용하지 못했어요. 다시 시도하거나 다른 방법을 선택해 주세요.
passkey-slow = 이 네트워크에서 여러 번 시도하셨어요. 1분 뒤에 다시 시도해 주세요.
passkey-busy = 지금은 요청이 몰려 있어요. 잠시 뒤에 다시 시도해 주세요.
passkey-known = 이 기기에는 이미 이 계정의 패스키가 있어요.
passkey-unsupported = 패스키를 쓰려면 JavaScript를 켜고, 패스키를 지원하는 브라우저를 써야 해요. 다른 방법을 선택해도 돼요.
passkey-not-offered = 이 서비스의 주소가 이름이 아니라 숫자라서 패스키를 쓸 수 없어요. 운영자가 바꿀 수 있어요.

## 서버가 답하는 말

passkey-missing = 패스키를 확인하지 못했어요. 다시 시도해 주세요.
passkey-over = 시간이 지나 만료됐어요. 다시 시도해 주세요.
passkey-refused = 이 패스키로는 로그인할 수 없어요. 다른 패스키나 다른 방법을 사용해 주세요.

## 계정의 패스키

passkeys-title = 패스키
passkeys-hint = 지문, 얼굴, 화면 잠금으로 로그인해요. 외울 것이 없고, 피싱 사이트에 빼앗길 걱정도 없어요.
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
passkeys-name-hint = 나중에 알아보기 쉬운 이름을 입력해 주세요.
passkeys-add = 패스키 추가
passkeys-back = 보안으로 돌아가기
passkeys-add-missing = 패스키를 확인하지 못했어요. 다시 시도해 주세요.
passkeys-add-over = 시간이 지나 만료됐어요. 다시 시도해 주세요.
passkeys-add-refused = 이 패스키를 추가하지 못했어요. 다시 시도하거나 다른 기기를 사용해 주세요.
passkeys-full = 패스키는 20개까지 추가할 수 있어요. 하나를 삭제하면 추가할 수 있어요.
passkeys-name-missing = 패스키 이름을 입력해 주세요.
passkeys-name-too-long = 이름을 64자 이하로 입력해 주세요.
passkeys-name-characters = 이름에 보이지 않는 문자가 있어요. 그 문자 없이 다시 입력해 주세요.
