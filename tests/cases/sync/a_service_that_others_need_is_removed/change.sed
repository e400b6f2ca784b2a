/contexts.catalog/,/^by = \["title"\]/d
