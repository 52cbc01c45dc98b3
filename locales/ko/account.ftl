# 계정 페이지 사이를 오가는 길.

account-sections = 내 계정
account-dashboard = 대시보드
account-profile = 프로필
account-factors = 로그인 방법
account-sessions = 세션
account-activity = 활동 기록
account-data = 내 데이터
account-delete = 계정 삭제

password-set = { $age } 설정
account-administrator = 관리자
