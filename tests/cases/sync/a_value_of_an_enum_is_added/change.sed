s/\["lost", "worn"\]/["lost", "worn", "sold"]/
