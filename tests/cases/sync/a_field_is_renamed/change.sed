s/^fields.note .*/fields.remark = { type = "text?", renamed_from = "note" }/
