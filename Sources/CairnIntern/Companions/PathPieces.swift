/// Takes a path apart at each `/`; there is one piece more than there are slashes.
struct PathPieces: ~Escapable {
  private let path: RawSpan
  private var offset = 0

  @_lifetime(copy path)
  init(_ path: RawSpan) {
    self.path = path
  }

  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func next() -> RawSpan? {
    guard offset <= path.byteCount else { return nil }
    let (start, length) = path.lentBytes
    let first = offset
    let end = start.first(UInt8(ascii: "/"), from: first, to: length)
    offset = end + 1
    return path.extracting(first..<end)
  }
}
