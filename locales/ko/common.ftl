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
password-wrong = 비밀번호가 맞지 않아요. 다시 입력하거나 비밀번호를 재설정해 주세요.
back-to-account = 내 계정으로 돌아가기

## 인증을 요구하는 페이지 아래, 어떤 방법도 쓸 수 없는 사람에게

no-way = 쓸 수 있는 방법이 없나요?
no-way-codes = 복구 코드를 보관해 두셨다면 코드마다 한 번씩 로그인할 수 있어요. 비밀번호 관리자나 종이에 적어 둔 곳을 찾아봐 주세요.
no-way-password = 비밀번호를 재설정해도 2단계 인증은 그대로 필요해요.
no-way-operator = 모두 잃어버렸다면 { $service } 운영자만 다시 로그인할 수 있게 도와드릴 수 있어요.
no-way-contact = 도움 요청하기
password-show = 표시
password-show-label = 비밀번호 표시

## 다시 보여 주는 입력 화면

title-error = 오류:
summary-title = 확인이 필요해요
problem-slow-down = 여러 번 시도하셨어요. { $wait } 뒤에 다시 시도해 주세요.
problem-busy = 지금은 요청이 몰려 있어요. { $wait } 뒤에 다시 시도해 주세요.

## 쓸 수 없는 비밀번호

password-error-missing = 사용할 비밀번호를 입력해 주세요.
password-error-too-short = 비밀번호를 { $min }자 이상 입력해 주세요.
password-error-too-long = 비밀번호를 { $max }자 이하로 입력해 주세요.
password-error-characters = 비밀번호에 쓸 수 없는 보이지 않는 문자가 있어요. 그 문자 없이 다시 입력해 주세요.
password-error-same = 현재 쓰고 있는 비밀번호예요. 다른 비밀번호를 입력해 주세요.
password-error-common = 많은 사람이 쓰거나 유출된 비밀번호라서 공격자가 가장 먼저 시도해요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-padded = 흔한 비밀번호에 몇 글자만 더한 것이라서 공격자가 금방 시도해요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-own-words = 아이디나 닉네임, 이메일, 이 서비스의 이름과 너무 비슷한 비밀번호예요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-repetitive = 같은 글자가 반복되는 비밀번호라서 추측하기 쉬워요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.
password-error-sequence = 글자나 키보드 순서를 따르는 비밀번호라서 추측하기 쉬워요. 서로 관련 없는 단어 몇 개를 이어 써 주세요.

## 다음 페이지에서 한 번 알리는 말

notice-registered = 거의 다 됐어요. 한 단계만 남았어요.
notice-verification-mailed = 인증을 기다리는 이메일이라면 새 링크를 보냈어요.
notice-email-corrected = 이메일을 바꿨어요. 새 주소로 인증 메일을 보냈어요.
notice-signed-out-unsaved = 로그아웃돼서 저장하지 못했어요. 로그인한 뒤에 다시 입력해 주세요.
notice-unsaved = 아직 저장하지 않았어요. 이 단계를 마친 뒤에 다시 입력해 주세요.
notice-email-verified = 이메일 인증이 끝났어요.
notice-recovery-mailed = 가입된 계정이라면 이메일로 링크를 보냈어요. 오지 않으면 스팸함도 확인해 주세요.
notice-password-reset = 비밀번호를 재설정했어요. 새 비밀번호로 로그인해 주세요.
notice-password-changed = 비밀번호를 바꿨고, 다른 기기에서는 모두 로그아웃했어요.
notice-password-common = 많은 사람이 쓰거나 유출된 비밀번호 목록에 있는 비밀번호예요. 다른 비밀번호로 바꿔 주세요.
notice-profile-saved = 저장했어요.
notice-email-change-mailed = 쓸 수 있는 이메일이라면 인증 링크를 보냈어요.
notice-email-changed = 이메일을 바꿨어요.
notice-email-undo-closed = 되돌리기를 껐어요. 이제 이전 이메일에서 변경을 되돌릴 수 없어요.
notice-app-removed = 앱 연결을 해제했어요. 이제 그 앱은 내 계정을 이용할 수 없어요.
notice-app-signed-out = 앱에서 로그아웃했어요. 언제든지 다시 로그인할 수 있어요.
notice-session-ended = 그 기기를 로그아웃했어요.
notice-other-sessions-ended = 다른 기기를 모두 로그아웃했어요.
notice-deletion-scheduled = 탈퇴를 신청했어요. 7일 뒤에 계정이 삭제돼요. 탈퇴를 취소할 수 있는 링크를 이메일로 보냈어요.
notice-deletion-undone = 탈퇴를 취소했어요. 로그인해서 계속 이용해 주세요.
notice-passkey-added = 패스키를 추가했어요. 이제 이 패스키로 로그인할 수 있어요.
notice-first-passkey-added = 패스키를 추가했어요. 이제 비밀번호만으로는 로그인할 수 없어요.
notice-first-totp-added = 인증 앱을 추가했어요. 이제 비밀번호만으로는 로그인할 수 없어요.
notice-passkey-renamed = 패스키 이름을 바꿨어요.
notice-passkey-removed = 패스키를 삭제했고, 다른 기기에서는 모두 로그아웃했어요. 기기나 비밀번호 관리자에서도 삭제해 주세요.
notice-other-sign-in = 이 브라우저에서 다른 로그인을 시작해서 보내신 내용은 쓰지 않았어요. 다시 로그인해 주세요.
notice-signed-out = 로그아웃했어요.
notice-password-removed = 비밀번호를 삭제했고, 다른 기기에서는 모두 로그아웃했어요.
notice-browser-forgotten = 2단계 인증 건너뛰기를 해제했어요.
notice-factors-undone = 이전 이메일로 되돌렸어요. 이메일이 바뀐 뒤에 추가된 로그인 방법은 삭제했어요.

## 개발용 컴퓨터에서

dev-mail-hint = 메일 서버를 설정하지 않아서 이메일이 이 컴퓨터에 남아요.
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
