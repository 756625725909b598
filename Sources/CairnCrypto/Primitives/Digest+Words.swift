extension Digest {
  /// The first eight bytes as a number: a hash, for a digest is evenly distributed.
  package var firstWord: UInt64 { word0 }
}
