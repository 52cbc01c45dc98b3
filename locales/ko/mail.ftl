# 이메일에 쓰는 말. $service는 서비스 이름이다. 제목에는 서비스 이름이 있고 본문 제목에는 없다.

mail-hello = { $name } 님, 안녕하세요.
mail-footer = { $service }에서 보낸 발신 전용 메일이에요.
mail-link-bare = 버튼이 눌리지 않으면 이 주소를 브라우저에서 열어 주세요:
mail-was-you = 본인이 한 일이라면 아무것도 하지 않아도 돼요.
mail-confirm-address = 이메일 인증하기
mail-set-password = 비밀번호 재설정하기
mail-change-password = 비밀번호 바꾸기
mail-undo-email = 변경 되돌리기
mail-keep-account = 탈퇴 취소하기

## 있었던 일

mail-when = 일시
mail-moment = { $date } { $time } ({ $zone })
mail-browser = 브라우저
mail-network = 접속 주소
mail-name = 이름

## 링크를 쓸 수 있는 동안

mail-works-minutes = 링크는 { $count }분 안에 한 번만 쓸 수 있어요.
mail-works-hours = 링크는 { $count }시간 안에 한 번만 쓸 수 있어요.
mail-works-days = 링크는 { $count }일 안에 한 번만 쓸 수 있어요.

## 가입

mail-verify-subject = [{ $service }] 이메일 인증을 완료해 주세요
mail-verify-title = 이메일 인증을 완료해 주세요
mail-verify-text = { $service } 계정({ $username })의 가입이 거의 끝났어요. 이 이메일이 본인의 것인지 인증해 주세요.
mail-verify-not-you = 가입한 적이 없다면 이 메일을 무시해 주세요. 인증하지 않은 계정은 삭제돼요.

mail-taken-subject = [{ $service }] 이미 가입된 이메일이에요
mail-taken-title = 이미 가입된 이메일이에요
mail-taken-preheader = 새 계정은 만들지 않았어요.
mail-taken-text = 누군가 이 이메일로 { $service }에 가입하려고 했어요. 이미 계정({ $username })이 있는 이메일이라 새 계정은 만들지 않았어요. 본인이라면 바로 로그인해 주세요.
mail-taken-forgotten = 비밀번호를 잊었다면:
mail-taken-not-you = 본인이 아니라면 아무것도 하지 않아도 돼요. 계정은 그대로예요.

## 로그인

mail-look-at-sessions = 로그인된 기기 보기
mail-new-browser-subject = [{ $service }] 새로운 브라우저에서 로그인했어요
mail-new-browser-title = 새로운 브라우저에서 로그인했어요
mail-new-browser-text = { $service } 계정({ $username })에 처음 보는 브라우저로 로그인했어요.
mail-new-browser-not-you = 본인이 아니라면 그 기기를 로그아웃하고 지금 바로 비밀번호를 바꿔 주세요.

mail-failures-subject = [{ $service }] { $count }번 실패한 뒤에 로그인했어요
mail-failures-title = { $count }번 실패한 뒤에 로그인했어요
mail-failures-text = { $service } 계정({ $username })에 { $count }번 실패한 뒤 로그인했어요.
mail-failures-not-you = 본인이 아니라면 다른 사람이 비밀번호를 알고 있는 거예요. 지금 바로 비밀번호를 바꿔 주세요.

mail-second-failed-subject = [{ $service }] 누군가 비밀번호를 알고 있어요
mail-second-failed-title = 누군가 비밀번호를 알고 있어요
mail-second-failed-text = 누군가 { $service } 계정({ $username })의 비밀번호를 맞게 입력한 뒤 2단계 인증에 여러 번 실패했어요. 로그인하지는 못했어요.
mail-second-failed-not-you = 본인이 아니라면 다른 사람이 비밀번호를 알고 있는 거예요. 지금 바로 비밀번호를 바꿔 주세요.

## 비밀번호

mail-recover-subject = [{ $service }] 비밀번호를 재설정해 주세요
mail-recover-title = 비밀번호를 재설정해 주세요
mail-recover-text = { $service } 계정({ $username })의 비밀번호 재설정 요청이 있었어요. 본인이라면 여기에서 재설정해 주세요.
mail-recover-not-you = 요청한 적이 없다면 이 메일을 무시해 주세요. 비밀번호는 그대로예요.

mail-password-changed-subject = [{ $service }] 비밀번호가 바뀌었어요
mail-password-changed-title = 비밀번호가 바뀌었어요
mail-password-changed-text = { $service } 계정({ $username })의 비밀번호가 바뀌었어요.
mail-password-changed-not-you = 본인이 아니라면 다른 사람이 계정을 쓰고 있을 수 있어요. 지금 바로 비밀번호를 재설정해 주세요.

## 로그인 방법

mail-look-at-factors = 로그인 방법 보기
mail-totp-added-subject = [{ $service }] 인증 앱이 추가됐어요
mail-totp-added-title = 인증 앱이 추가됐어요
mail-totp-added = { $service } 계정({ $username })에 인증 앱이 추가됐어요.
mail-totp-removed-subject = [{ $service }] 인증 앱이 삭제됐어요
mail-totp-removed-title = 인증 앱이 삭제됐어요
mail-totp-removed = { $service } 계정({ $username })에서 인증 앱이 삭제됐어요.
mail-passkey-added-subject = [{ $service }] 패스키가 추가됐어요
mail-passkey-added-title = 패스키가 추가됐어요
mail-passkey-added = { $service } 계정({ $username })에 패스키가 추가됐어요.
mail-passkey-removed-subject = [{ $service }] 패스키가 삭제됐어요
mail-passkey-removed-title = 패스키가 삭제됐어요
mail-passkey-removed = { $service } 계정({ $username })에서 패스키가 삭제됐어요.
mail-recovery-codes-made-subject = [{ $service }] 복구 코드를 새로 만들었어요
mail-recovery-codes-made-title = 복구 코드를 새로 만들었어요
mail-recovery-codes-made = { $service } 계정({ $username })의 복구 코드를 새로 만들었어요. 이전 코드는 이제 쓸 수 없어요.
mail-recovery-code-used-subject = [{ $service }] 복구 코드를 사용했어요
mail-recovery-code-used-title = 복구 코드를 사용했어요
mail-recovery-code-used = { $left ->
    [0] { $service } 계정({ $username })의 복구 코드를 사용했어요. 마지막 코드였으니 곧 새로 만들어 주세요.
   *[other] { $service } 계정({ $username })의 복구 코드를 사용했어요. { $left }개가 남았어요.
}
mail-password-removed-subject = [{ $service }] 비밀번호가 삭제됐어요
mail-password-removed-title = 비밀번호가 삭제됐어요
mail-password-removed = { $service } 계정({ $username })의 비밀번호가 삭제됐어요. 이제 패스키로 로그인해요.
mail-factors-reset-subject = [{ $service }] 2단계 인증이 해제됐어요
mail-factors-reset-title = 2단계 인증이 해제됐어요
mail-factors-reset = { $service } 운영자가 계정({ $username })의 2단계 인증을 해제했어요.
mail-factors-undone-subject = [{ $service }] 새로 추가된 로그인 방법이 삭제됐어요
mail-factors-undone-title = 새로 추가된 로그인 방법이 삭제됐어요
mail-factors-undone = { $service } 계정({ $username })의 이메일을 이전 주소로 되돌렸어요. 그 뒤에 추가된 로그인 방법은 삭제했어요.
mail-factors-not-you = 본인이 아니라면 다른 사람이 계정을 쓰고 있을 수 있어요. 직접 등록하지 않은 것은 삭제하고 지금 바로 비밀번호를 바꿔 주세요.

## 이메일

mail-change-email-subject = [{ $service }] 새 이메일을 인증해 주세요
mail-change-email-title = 새 이메일을 인증해 주세요
mail-change-email-text = { $service } 계정({ $username })의 이메일을 이 주소로 바꾸겠다는 요청이 있었어요. 인증하면 바뀌어요.
mail-change-email-not-you = 요청한 적이 없다면 이 메일을 무시해 주세요. 인증하지 않으면 아무것도 바뀌지 않아요.

mail-in-use-subject = [{ $service }] 이미 사용 중인 이메일이에요
mail-in-use-title = 이미 사용 중인 이메일이에요
mail-in-use-preheader = 바뀐 것은 없어요.
mail-in-use-text = 누군가 { $service }의 다른 계정에 이 이메일을 쓰려고 했어요. 이미 이 이메일을 쓰는 계정이 있어서 바뀐 것은 없어요.
mail-in-use-was-you = 본인이라면 이 이메일을 쓰는 계정으로 로그인하거나, 다른 계정에는 다른 이메일을 써 주세요.
mail-in-use-not-you = 본인이 아니라면 아무것도 하지 않아도 돼요.

mail-email-changed-subject = [{ $service }] 계정의 이메일이 바뀌었어요
mail-email-changed-title = 계정의 이메일이 바뀌었어요
mail-email-changed-text = { $service } 계정({ $username })의 이메일이 다른 주소로 바뀌었어요. 앞으로 계정에 관한 메일은 이 주소로 오지 않아요.
mail-email-changed-not-you = 본인이 아니라면 변경을 되돌린 다음 비밀번호를 재설정해 주세요.

## 계정의 끝

mail-deletion-subject = [{ $service }] 회원 탈퇴를 신청했어요
mail-deletion-title = 회원 탈퇴를 신청했어요
mail-deletion-text = 탈퇴 신청에 따라 { $service } 계정({ $username })은 { $date }에 완전히 삭제돼요.
mail-deletion-was-you = 탈퇴를 원한다면 아무것도 하지 않아도 돼요.
mail-deletion-not-you = 신청한 적이 없거나 마음이 바뀌었다면 그 전까지 탈퇴를 취소할 수 있어요.

mail-erased-subject = [{ $service }] 계정이 삭제됐어요
mail-erased-title = 계정이 삭제됐어요
mail-erased-text = { $service } 계정({ $username })과 계정에 속한 모든 것이 삭제됐어요.
mail-erased-last = 이 계정에 관한 마지막 메일이에요.
mail-erased-not-you = 신청한 적이 없다면 { $service } 운영자에게 연락해 주세요.
