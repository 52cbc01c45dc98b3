factors-title = 보안
factors-must = 한 단계만 남았어요. { $service } 계정에는 패스키나 인증 앱이 있어야 해요. 여기에서 하나를 추가하면 나머지를 이용할 수 있어요.
factors-on = 2단계 인증이 켜져 있어요. 비밀번호만으로는 로그인할 수 없어요.
factors-off = 지금은 비밀번호만 알면 누구나 로그인할 수 있어요. 패스키나 인증 앱을 추가해 계정을 지켜 주세요.
factors-without-password = 이 계정에는 비밀번호가 없어요. 패스키로 로그인해요.
factors-first-then = 추가하고 나면 비밀번호만으로는 로그인할 수 없어요. 기기를 잃어버릴 때를 대비해 다음 단계에서 복구 코드를 드려요.

factors-passkeys = 패스키
factors-passkeys-hint = 지문, 얼굴, 화면 잠금으로 로그인해요. 외울 것이 없고, 피싱 사이트에 빼앗길 걱정도 없어요.
factors-passkey-add = 패스키 추가
factors-apps = 인증 앱
factors-apps-hint = 휴대폰의 인증 앱(Google OTP 등)이 30초마다 바뀌는 코드를 보여 줘요. 비밀번호 다음에 그 코드를 입력해요.
factors-app-add = 인증 앱 추가
factors-synced = 동기화됨
factors-added = { $age } 추가
factors-never-used = 아직 사용하지 않음
factors-rename = 이름 바꾸기
factors-remove = 삭제

factors-codes = 복구 코드
factors-codes-hint = 휴대폰이나 패스키를 쓸 수 없을 때 쓰는 일회용 코드예요. 종이에 적거나 비밀번호 관리자에 보관해 주세요.
factors-codes-too-early = 패스키나 인증 앱을 먼저 추가하면 복구 코드를 만들 수 있어요.
factors-codes-left = 남은 코드
factors-codes-count = { $count }개
factors-codes-made = · { $age } 만듦
factors-codes-unsaved-warning = 복구 코드를 보관했는지 확인되지 않았어요. 보관하지 않았다면 새 코드를 만들어 보관해 주세요.
factors-codes-make = 복구 코드 만들기
factors-codes-make-new = 복구 코드 새로 만들기
factors-codes-none-warning = 복구 코드가 없어요. 휴대폰이나 패스키를 잃어버리면 로그인할 수 없어요. 지금 만들어 주세요.
factors-codes-few-warning = 복구 코드가 { $count }개 남았어요. 새로 만들어 주세요.

factors-password-change = 비밀번호 바꾸기
factors-password-may-go = 패스키만으로도 로그인할 수 있어요.
factors-password-remove = 비밀번호 삭제
factors-password-needed = 패스키가 두 개 있거나, 패스키 하나와 복구 코드가 있으면 비밀번호 없이 쓸 수 있어요.
factors-password-none = 비밀번호가 없어요. 패스키로 로그인해요.
factors-password-again = 비밀번호 다시 설정하기

## 이름 바꾸기와 지우기

factors-rename-title = 패스키 이름 바꾸기
factors-name = 이름
factors-name-hint = “휴대폰”이나 “보안 키”처럼 알아보기 쉬운 이름을 64자까지 입력해 주세요.
factors-rename-save = 저장
factors-back = 보안으로 돌아가기
factors-remove-title = 이 패스키를 삭제할까요?
factors-remove-what = 이제 “{ $name }” 패스키로는 로그인할 수 없어요. 기기에서도 삭제해 주세요. 그러지 않으면 로그인할 때 계속 표시돼요.
factors-remove-last = 마지막 인증 수단이에요. 삭제하면 비밀번호만으로 로그인할 수 있고, 복구 코드도 쓸 수 없게 돼요.
factors-remove-required = { $service } 계정에는 패스키나 인증 앱이 있어야 해요. 삭제하면 바로 다른 것을 추가해야 해요.
factors-remove-needed = 이 패스키를 삭제하면 로그인하지 못할 수 있어요. 이 계정에는 비밀번호가 없어서 패스키 두 개, 또는 패스키 하나와 복구 코드가 있어야 해요. 먼저 다른 패스키를 추가하거나 비밀번호를 다시 설정해 주세요.
factors-remove-do = 패스키 삭제
factors-remove-follows = 다른 기기에서는 모두 로그아웃되고, 2단계 인증 건너뛰기도 모두 해제돼요.

## 비밀번호 없이 쓰기

passwordless-title = 비밀번호 삭제
passwordless-then = 이제 { $username } 계정에는 패스키로 로그인해요. 추측하거나 빼앗을 비밀번호가 더는 없어요.
passwordless-follows = 다른 기기에서는 모두 로그아웃돼요.
passwordless-lost-title = 패스키를 잃어버리면
passwordless-lost-one = 다른 패스키로 로그인해서 잃어버린 패스키를 삭제해 주세요.
passwordless-lost-only = 패스키가 하나뿐이니 복구 코드를 잘 보관해 주세요. 패스키가 없을 때 그 코드가 필요해요.
passwordless-recovery = 로그인 페이지의 “비밀번호 찾기”에서 { $email } 주소로 비밀번호 재설정 링크를 받을 수 있어요. 링크만으로는 로그인할 수 없어요. 패스키나 인증 앱의 코드, 복구 코드가 그대로 필요해요.
passwordless-needed = 비밀번호 없이 쓰려면 패스키 두 개, 또는 패스키 하나와 복구 코드가 있어야 해요.
passwordless-remove = 비밀번호 삭제
factors-connected-apps = 로그인한 앱 보기
