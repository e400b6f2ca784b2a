s/^fields.note .*/&\nfields.shelf = "string"/;s/"title", "pages"\]/"title", "pages", "shelf"]/
