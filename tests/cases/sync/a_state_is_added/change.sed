s/\["listed", "withdrawn"\]/["listed", "repaired", "withdrawn"]/
