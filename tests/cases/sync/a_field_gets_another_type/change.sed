s/^fields.pages .*/fields.pages = "decimal(6,1)"/
