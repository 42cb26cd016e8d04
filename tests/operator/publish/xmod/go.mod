module x.test/xmod

go 1.26

require golang.org/x/mod v0.34.0
