// Package inflate decodes zlib streams that lie in memory as a whole and whose size is known beforehand, as the entries of git
// packs do. Working on slices and not on readers, it takes a third of the time that a general decoder takes: most streams in a
// pack are some hundred bytes long, and reading them is most of the work of receiving one.
//
// It accepts exactly the streams that zlib accepts. Source: RFC 1950 and RFC 1951; where those leave open which codes may be
// incomplete, zlib's inftrees.c: a code of a single symbol of one bit may be, and one of no symbols for distances.
package inflate
