/^fields.note/d
