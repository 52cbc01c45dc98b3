totp-title = 인증 앱 추가
totp-what = 휴대폰의 인증 앱(Google OTP 등)은 30초마다 새 코드를 보여 줘요. 로그인할 때 비밀번호 다음에 이 코드를 입력하므로, 비밀번호만으로는 아무도 로그인할 수 없어요.
totp-begin = 인증 앱 추가하기
totp-full = 인증 앱은 { $max }개까지 추가할 수 있어요. 먼저 하나를 삭제해 주세요.
totp-back = 보안으로 돌아가기
totp-scan = 1. 앱에 키 추가하기
totp-scan-how = 앱에서 계정 추가를 선택하고 카메라로 이 QR 코드를 비춰 주세요.
totp-picture = 인증 앱에 추가할 키가 담긴 QR 코드
totp-key-how = 또는 이 키를 앱에 직접 입력해 주세요.
totp-open-app = 또는 이 기기의 앱 열기
totp-show = 2. 앱에 표시된 코드 입력하기
totp-code = 앱에 표시된 코드
totp-code-hint = 숫자 6자리예요. 30초마다 새 코드가 나와요.
totp-code-unreadable = 앱에 표시된 숫자 6자리를 입력해 주세요.
totp-code-wrong = 코드가 맞지 않거나 이미 사용한 코드예요. 다음 코드를 기다렸다가 입력해 주세요.
totp-name = 이름
totp-name-hint = 예를 들어 앱이 있는 휴대폰 이름을 입력해 주세요.
totp-name-missing = 이름을 입력해 주세요.
totp-name-too-long = 이름을 { $max }자 이하로 입력해 주세요.
totp-name-characters = 이름에 보이지 않는 문자가 있어요. 그 문자 없이 다시 입력해 주세요.
totp-default-name = 인증 앱
totp-confirm = 완료

totp-rename-title = 인증 앱 이름 바꾸기
totp-rename = 저장
totp-remove-title = 이 인증 앱을 삭제할까요?
totp-remove-what = 이제 “{ $name }”의 코드로는 로그인할 수 없어요.
totp-remove-last = 마지막 인증 수단이에요. 삭제하면 비밀번호만으로 로그인할 수 있고, 복구 코드도 쓸 수 없게 돼요.
totp-remove-elsewhere = 다른 기기에서는 모두 로그아웃돼요.
totp-remove = 인증 앱 삭제
totp-keep = 삭제하지 않기

totp-challenge-title = 코드 입력
totp-challenge-why = { $username } 계정의 인증 앱을 열고 지금 표시된 코드를 입력해 주세요.
totp-trust = 이 브라우저에서 30일 동안 다시 묻지 않기
totp-go-on = 계속

## 인증을 요청하는 페이지 아래에

other-way-passkey = 패스키 사용하기
other-way-totp = 인증 앱 사용하기
other-way-recovery-code = 복구 코드 사용하기

notice-totp-added = 인증 앱을 추가했어요.
notice-totp-renamed = 저장했어요.
notice-totp-removed = 인증 앱을 삭제했어요.
