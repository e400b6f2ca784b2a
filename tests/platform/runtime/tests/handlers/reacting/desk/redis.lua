-- Cards and copies of books need nothing made.
return
