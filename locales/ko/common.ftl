# 여러 페이지가 함께 쓰는 말. 문장은 모두 해요체로 적는다.

sign-in = 로그인
sign-up = 회원가입
sign-out = 로그아웃
skip = 본문으로 건너뛰기
language = 언어
optional = (선택)
password = 비밀번호
password-show = 표시
password-show-label = 비밀번호 표시

## 되돌아온 양식

title-error = 오류:
summary-title = 확인이 필요해요
problem-slow-down = 시도가 너무 많았어요. { $wait } 뒤에 다시 시도해 주세요.
problem-busy = 지금은 요청이 몰려 있어요. { $wait } 뒤에 다시 시도해 주세요.

## 다음 페이지에서 한 번 알리는 말

notice-registered = 이제 로그인할 수 있어요. 이 이메일로 이미 만든 계정이 있다면 그 계정으로 로그인해 주세요.
notice-signed-out = 로그아웃했어요.

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
