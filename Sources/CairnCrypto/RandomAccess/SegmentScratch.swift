/// Memory for one sealed segment. Used by one thread at a time.
final class SegmentScratch {
  let bytes = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Segment.sealedSize, alignment: 64)

  deinit { bytes.deallocate() }
}
