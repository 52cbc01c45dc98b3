factors-title = 로그인 방법
factors-must = 한 단계만 남았어요. { $service }에서는 이 계정에 패스키나 인증 앱이 있어야 해요. 여기에서 하나를 추가하면 나머지를 다시 이용할 수 있어요.
factors-on = 2단계 인증이 켜져 있어요. 비밀번호만으로는 로그인할 수 없어요.
factors-off = 지금은 비밀번호만으로 로그인할 수 있어요. 패스키나 인증 앱을 추가하면 누가 비밀번호를 알아내도 들어올 수 없어요.
factors-without-password = 이 계정에는 비밀번호가 없어요. 패스키로 로그인해요.
factors-first-then = 추가하고 나면 비밀번호만으로는 로그인할 수 없어요. 기기를 잃어버릴 때를 대비해 다음 단계에서 복구 코드를 드려요.

factors-passkeys = 패스키
factors-passkeys-hint = 지문이나 얼굴, 기기의 잠금 번호로 패스키를 사용해요. 패스키 하나로 로그인되고, 가짜 페이지에 속아 넘겨줄 일이 없어요.
factors-passkey-add = 패스키 추가
factors-apps = 인증 앱
factors-apps-hint = 휴대폰의 앱이 30초마다 바뀌는 코드를 보여 줘요. 비밀번호 다음에 그 코드를 입력해요.
factors-app-add = 인증 앱 추가
factors-synced = 여러 기기에서 사용
factors-added = { $age } 추가
factors-never-used = 아직 사용하지 않음
factors-rename = 이름 바꾸기
factors-remove = 삭제

factors-codes = 복구 코드
factors-codes-hint = 다른 것을 모두 잃어버렸을 때 쓰는 코드예요. 코드 하나가 2단계 인증을 한 번 대신해요. 종이에 적어 두거나 비밀번호를 보관하는 곳에 함께 보관해 주세요.
factors-codes-too-early = 2단계 인증에 쓰는 것을 잃어버렸을 때 대신 쓰는 코드예요. 먼저 패스키나 인증 앱을 추가해 주세요.
factors-codes-left = 남은 코드
factors-codes-count = { $count }개
factors-codes-made = · { $age } 만듦
factors-codes-unsaved-warning = 복구 코드를 보관했다고 알려 주지 않으셨어요. 보관하지 않았다면 새 코드를 만들어 보관해 주세요.
factors-codes-make = 복구 코드 만들기
factors-codes-make-new = 복구 코드 새로 만들기
factors-codes-none-warning = 복구 코드가 없어요. 2단계 인증에 쓰는 것을 잃어버리면 로그인할 수 없어요. 지금 만들어 주세요.
factors-codes-few-warning = 복구 코드가 { $count }개 남았어요. 곧 새로 만들어 주세요.

factors-password-change = 비밀번호 바꾸기
factors-password-may-go = 패스키만으로도 로그인할 수 있어요.
factors-password-remove = 비밀번호 없애기
factors-password-needed = 패스키가 두 개 있거나, 패스키 하나와 복구 코드가 있으면 비밀번호 없이 쓸 수 있어요.
factors-password-none = 비밀번호가 없고, 필요하지도 않아요.
factors-password-again = 비밀번호 다시 설정하기

## 이름 바꾸기와 지우기

factors-rename-title = 패스키 이름 바꾸기
factors-name = 이름
factors-name-hint = “휴대폰”이나 “열쇠고리”처럼 알아보기 쉬운 이름을 64자까지 적어 주세요.
factors-rename-save = 이름 저장
factors-back = 로그인 방법으로 돌아가기
factors-remove-title = 이 패스키를 지울까요?
factors-remove-what = 이제 “{ $name }” 패스키로는 로그인할 수 없어요. 기기에서도 지워 주세요. 그러지 않으면 기기가 계속 그 패스키를 권해요.
factors-remove-last = 마지막 하나예요. 지우면 비밀번호만으로 로그인할 수 있고, 복구 코드도 쓸 수 없게 돼요.
factors-remove-required = { $service }에서는 이 계정에 패스키나 인증 앱이 있어야 해요. 지우면 바로 다른 것을 추가해야 해요.
factors-remove-needed = 이 패스키를 지우면 로그인하지 못할 수 있어요. 이 계정에는 비밀번호가 없어서 패스키 두 개, 또는 패스키 하나와 복구 코드가 있어야 해요. 먼저 다른 패스키를 추가하거나 비밀번호를 다시 설정해 주세요.
factors-remove-do = 패스키 삭제
factors-remove-follows = 다른 곳에서는 모두 로그아웃되고, 2단계 인증을 건너뛰던 브라우저에서도 다시 물어요.

## 비밀번호 없이 쓰기

passwordless-title = 비밀번호 없애기
passwordless-then = 이제 { $username } 계정에는 패스키로 로그인해요. 누가 알아내거나 짐작할 비밀번호가 더는 없어요.
passwordless-follows = 다른 곳에서는 모두 로그아웃돼요.
passwordless-lost-title = 패스키를 잃어버리면
passwordless-lost-one = 다른 패스키로 로그인해서 잃어버린 것을 지워 주세요.
passwordless-lost-only = 패스키가 하나뿐이니 복구 코드를 잘 보관해 주세요. 패스키가 없을 때 그 코드가 필요해요.
passwordless-recovery = 로그인 페이지의 “비밀번호를 잊으셨나요?”에서 { $email } 주소로 비밀번호를 다시 설정하는 링크를 받을 수 있어요. 링크만으로는 로그인할 수 없어요. 그다음에도 패스키나 인증 앱의 코드, 복구 코드를 물어요.
passwordless-needed = 비밀번호 없이 쓰려면 패스키 두 개, 또는 패스키 하나와 복구 코드가 있어야 해요.
passwordless-remove = 비밀번호 없애기
factors-connected-apps = 로그인한 앱 보기
