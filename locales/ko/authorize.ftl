# 앱에 로그인하기.

consent-title = { $app } 앱에 허용할까요?
consent-as = { $username } 계정으로 로그인되어 있어요.
consent-as-named = { $name }({ $username }) 계정으로 로그인되어 있어요.
consent-gets = { $app } 앱이 요청하는 권한이에요.
consent-allow = 허용
consent-deny = 거부
consent-host = 선택하면 { $host } 사이트로 돌아가요.
consent-device = 선택하면 이 기기의 앱으로 돌아가요.
consent-later = 언제든지 내 계정의 ‘연결된 앱’에서 연결을 해제할 수 있어요.
consent-unchecked-title = 확인되지 않은 앱이에요. 허용할까요?
consent-unchecked = 이 서비스의 운영자가 확인하지 않은 앱이에요. 방금 직접 실행한 앱이고 아래 사이트를 믿을 수 있을 때만 허용해 주세요.
consent-unchecked-name = 앱이 밝힌 이름
consent-unchecked-host = 앱을 설명하는 사이트
consent-unchecked-to = 선택 결과를 받는 곳
consent-unchecked-device = 이 기기의 앱
consent-unchecked-devices = 이 기기의 어떤 프로그램이든 { $app } 앱인 척할 수 있어요. 방금 이 앱에서 로그인을 시작하지 않았다면 ‘거부’를 눌러 주세요.
not-you = 본인이 아닌가요?

## 앱이 받는 것

scope-openid = 본인인지 확인
scope-profile = 닉네임, 아이디, 언어 보기
scope-email = 이메일 보기
scope-groups = 속한 그룹 보기
scope-offline_access = 사용하지 않을 때도 계속 접근
scope-resource = { $resource }에서 나를 대신해 이용
scope-nothing = 내 정보를 받지 않음

## 더 나아갈 수 없을 때

no-access-title = { $app } 앱을 이용할 수 없어요
no-access-text = { $username } 계정에는 { $app } 앱을 이용할 권한이 없어요. 앱 운영자에게 권한을 요청해 주세요.
app-request-malformed-title = 이 앱에 로그인할 수 없어요
app-request-malformed-text = 앱이 보낸 요청을 이해하지 못했어요. 아무 정보도 전달하지 않았어요. 앱으로 돌아가 다시 시도해 주세요. 같은 일이 또 생기면 앱 운영자에게 알려 주세요.
app-request-over-title = 만료됐거나 이미 처리된 요청이에요
app-request-over-text = 앱으로 돌아가 다시 로그인해 주세요.
