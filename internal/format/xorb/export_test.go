package xorb

// For tests of the parts that cannot be reached one by one.
var (
	UnpackFrame  = unpackFrame
	GroupBytes   = groupBytes
	UngroupBytes = ungroupBytes
	XXH32        = xxh32
)
