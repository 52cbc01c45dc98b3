# 여러 페이지가 함께 쓰는 말. 문장은 모두 해요체로 적는다.

sign-in = 로그인
sign-up = 회원가입
sign-out = 로그아웃
skip = 본문으로 건너뛰기
language = 언어
optional = (선택)
password = 비밀번호
new-password = 새 비밀번호
password-missing = 비밀번호를 입력해 주세요.
password-wrong = 이 계정의 비밀번호가 아니에요. 확인하고 다시 입력해 주세요.
back-to-account = 내 계정으로 돌아가기

## 인증을 요구하는 페이지 아래, 어떤 방법도 쓸 수 없는 사람에게

no-way = 쓸 수 있는 방법이 없나요?
no-way-codes = 복구 코드를 보관해 두셨다면 코드마다 한 번 로그인할 수 있어요. 비밀번호를 보관하는 곳이나 종이에서 찾아 보세요.
no-way-password = 새 비밀번호를 설정해도 소용없어요. 그 뒤에도 똑같이 물어요.
no-way-operator = 모두 잃어버렸다면 { $service } 운영자만 다시 들어오게 해 줄 수 있어요.
no-way-contact = 도움 요청하기
password-show = 표시
password-show-label = 비밀번호 표시

## 되돌아온 양식

title-error = 오류:
summary-title = 확인이 필요해요
problem-slow-down = 시도가 너무 많았어요. { $wait } 뒤에 다시 시도해 주세요.
problem-busy = 지금은 요청이 몰려 있어요. { $wait } 뒤에 다시 시도해 주세요.

## 쓸 수 없는 비밀번호

password-error-missing = 비밀번호를 정해 주세요.
password-error-too-short = 비밀번호를 { $min }자 이상으로 정해 주세요.
password-error-too-long = 비밀번호를 { $max }자 이하로 정해 주세요.
password-error-characters = 비밀번호에 받을 수 없는 보이지 않는 문자가 있어요. 그 문자 없이 다시 입력해 주세요.
password-error-same = 지금 쓰는 비밀번호예요. 다른 비밀번호를 정해 주세요.
password-error-common = 많은 사람이 쓰거나 어딘가에서 유출된 비밀번호라서 가장 먼저 시도돼요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-padded = 흔한 비밀번호에 몇 글자만 더한 것이라서 금방 시도돼요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-own-words = 이름이나 이메일, 이 서비스의 이름과 너무 비슷한 비밀번호예요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-repetitive = 같은 글자가 되풀이되는 비밀번호라서 짐작하기 쉬워요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-sequence = 글자나 자판의 순서를 따르는 비밀번호라서 짐작하기 쉬워요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.

## 다음 페이지에서 한 번 알리는 말

notice-registered = 거의 다 됐어요. 한 단계만 남았어요.
notice-verification-mailed = 확인을 기다리는 주소라면 새 링크가 곧 도착해요.
notice-email-corrected = 주소를 바꿨어요. 확인 링크가 그 주소로 곧 도착해요.
notice-signed-out-unsaved = 로그인이 풀려서 아무것도 저장하지 못했어요. 로그인한 뒤에 양식을 다시 채워 주세요.
notice-unsaved = 아직 아무것도 저장하지 않았어요. 이 단계를 마친 뒤에 양식을 다시 채워 주세요.
notice-email-verified = 이메일 주소를 확인했어요.
notice-recovery-mailed = 그런 계정이 있다면 그 계정의 주소로 링크가 곧 도착해요.
notice-password-reset = 새 비밀번호를 설정했어요. 새 비밀번호로 로그인해 주세요.
notice-password-changed = 비밀번호를 바꿨고, 다른 곳에서는 모두 로그아웃했어요.
notice-password-common = 지금 비밀번호가 널리 쓰이거나 유출된 비밀번호 목록에 올라 있어요. 다른 비밀번호로 바꿔 주세요.
notice-profile-saved = 저장했어요.
notice-email-change-mailed = 새 주소를 쓸 수 있다면 확인 링크가 그 주소로 곧 도착해요.
notice-email-changed = 이메일 주소를 바꿨어요.
notice-email-undo-closed = 이제 이전 메일함에서 변경을 되돌릴 수 없어요.
notice-app-removed = 앱 연결을 해제했어요. 이제 그 앱은 내 계정에 접근할 수 없어요.
notice-app-signed-out = 앱에서 로그아웃했어요. 언제든지 다시 로그인할 수 있어요.
notice-session-ended = 그 세션을 끝냈어요.
notice-other-sessions-ended = 다른 곳에서 모두 로그아웃했어요.
notice-deletion-scheduled = 계정이 7일 뒤에 삭제돼요. 계정을 유지할 수 있는 링크를 메일로 보냈어요.
notice-deletion-undone = 계정을 유지해요. 로그인해서 계속 이용해 주세요.
notice-passkey-added = 패스키를 추가했어요. 이제 이 패스키로 로그인할 수 있어요.
notice-first-passkey-added = 패스키를 추가했어요. 이제 비밀번호만으로는 로그인할 수 없어요.
notice-first-totp-added = 인증 앱을 추가했어요. 이제 비밀번호만으로는 로그인할 수 없어요.
notice-passkey-renamed = 패스키 이름을 바꿨어요.
notice-passkey-removed = 패스키를 삭제했고, 다른 곳에서는 모두 로그아웃했어요. 기기나 비밀번호 관리자에서도 지워 주세요.
notice-other-sign-in = 이 브라우저에서 다른 로그인을 시작해서, 보내신 내용은 확인하지 않았어요. 다시 로그인해 주세요.
notice-signed-out = 로그아웃했어요.
notice-password-removed = 비밀번호를 없앴고, 다른 곳에서는 모두 로그아웃했어요.
notice-browser-forgotten = 그 브라우저에서 이제 2단계 인증을 다시 물어요.
notice-factors-undone = 이메일 주소를 되돌렸어요. 주소가 바뀐 뒤에 추가된 로그인 방법은 지웠어요.

## 개발용 컴퓨터에서

dev-mail-hint = 메일 서버가 설정되지 않아서 메일은 이 컴퓨터에 남아요.
dev-mail-link = 여기에서 읽기

## 기다릴 시간: “… 뒤에 다시 시도해 주세요”에 들어간다

wait-seconds = { $count }초
wait-minutes = { $count }분
wait-hours = { $count }시간

## 지난 시간

age-now = 방금
age-minutes = { $count }분 전
age-hours = { $count }시간 전
age-days = { $count }일 전

date = { $year }년 { $month }월 { $day }일

## 어떤 브라우저인지

device-both = { $browser } ({ $system })
device-unknown = 알 수 없는 브라우저
