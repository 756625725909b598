import CairnCrypto

extension Repository {
  /// Whether the target answers late, so that it is of use to read ahead.
  package var isFar: Bool { packWindows.isFar }

  /// Whether so much is read ahead that it is time to make use of it.
  package var hasReadEnoughAhead: Bool { packWindows.isFull }

  /// Asks for chunks that are going to be read, in which order one likes; returns at once.
  ///
  /// What cannot be found is left to who reads it.
  ///
  /// - Precondition: the index is loaded.
  /// - Returns: to be kept until the chunks were read; `nil` where it is of no use.
  package func readAhead(_ chunks: some Sequence<ChunkID>) -> ReadAhead? {
    guard isFar else { return nil }
    var last: BlockPlace?
    var wanted: [(PackInfo, Range<Int>)] = []
    for id in chunks {
      guard let block = try? loadedIndex.place(of: id)?.block, block != last,
        let pack = try? loadedIndex.pack(block.pack)
      else { continue }
      last = block
      let end = block.offset + PackFormat.blockHeaderSize + block.storedLength
      guard block.offset >= 0, end <= pack.plainSize else { continue }
      wanted.append(
        (pack, block.offset / Segment.plainSize..<(end - 1) / Segment.plainSize + 1))
    }
    return packWindows.readAhead(wanted)
  }
}
