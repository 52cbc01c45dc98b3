# 계정 페이지 사이를 오가는 길.

account-sections = 내 계정
account-dashboard = 내 계정
account-profile = 내 정보
account-factors = 보안
account-sessions = 로그인된 기기
account-activity = 활동 기록
account-data = 내 데이터
account-delete = 회원 탈퇴

password-set = { $age } 변경
account-administrator = 관리자
