// Command xmod packs a tree with golang.org/x/mod/zip, so that tests can compare what this project packs.
//
// usage: xmod dir FOLDER PATH VERSION
//
//	xmod git REPOSITORY SUBDIR PATH VERSION
//
// It prints the h1 hash of the zip, or "refused: " and the reason.
package main

import (
	"fmt"
	"os"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

func main() {
	file, err := os.CreateTemp("", "xmod-*.zip")
	if err != nil {
		fail(err)
	}
	defer os.Remove(file.Name())
	args := os.Args[2:]
	switch os.Args[1] {
	case "dir":
		err = zip.CreateFromDir(file, module.Version{Path: args[1], Version: args[2]}, args[0])
	case "git":
		err = zip.CreateFromVCS(file, module.Version{Path: args[2], Version: args[3]}, args[0], "HEAD", args[1])
	}
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	if err := file.Close(); err != nil {
		fail(err)
	}
	hash, err := dirhash.HashZip(file.Name(), dirhash.Hash1)
	if err != nil {
		fail(err)
	}
	fmt.Println(hash)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
