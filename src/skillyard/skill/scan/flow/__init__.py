"""Follows data through the scripts of a skill: from secrets to the network, from downloads to execution."""
