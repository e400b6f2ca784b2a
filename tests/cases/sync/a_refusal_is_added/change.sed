s/\["borrowed"\]/["borrowed", "reserved"]/
