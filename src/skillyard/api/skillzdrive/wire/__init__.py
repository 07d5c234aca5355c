"""What goes over SkillzDrive's wire, by topic. Success is `{"data": …}`."""
