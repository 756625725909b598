/// Goes through records in the order in which they were added.
@usableFromInline
struct RecordCursor {
  private let records: Records
  private var offset: Int

  @usableFromInline
  init(_ records: Records) {
    self.init(records, from: 0)
  }

  init(_ records: Records, from symbol: UInt32) {
    self.records = records
    offset = records.layout.offset(of: symbol)
  }

  @usableFromInline
  mutating func next() -> (symbol: UInt32, content: UnsafeRawBufferPointer)? {
    let layout = records.layout
    guard let content = records.content(at: offset) else { return nil }
    let symbol = layout.symbol(at: offset)
    offset = layout.aligned(offset + layout.headSize(length: content.count) + content.count)
    return (symbol, content)
  }
}

extension Records {
  /// The number of the string of `symbol`.
  ///
  /// - Precondition: strings have numbers here, and the symbol has a string.
  func checkedNumber(of symbol: UInt32) -> Int {
    let offset = layout.offset(of: symbol)
    precondition(layout.isNumbered, "this arena does not number its strings: see ArenaOptions")
    precondition(content(at: offset) != nil, "the symbol is not one of this arena's")
    return Int(number(at: offset))
  }
}
