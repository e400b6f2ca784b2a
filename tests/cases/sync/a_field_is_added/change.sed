s/^fields.note .*/&\nfields.shelf = "string?"/
