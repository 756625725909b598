/// How the entries of one tree lie in its pages.
///
/// Derived from what the tree's descriptor and each of its pages say; all values are validated when
/// a layout is made, so the offsets that follow from it are inside a page.
struct Layout: Hashable, Sendable {
  /// The length of every key, or -1.
  let keyWidth: Int
  /// The length of every value, or -1.
  let valueWidth: Int
  let isWeighted: Bool
  let pageSize: Int

  /// The most entries that a leaf holds, if keys and values are of fixed width.
  let leafCapacity: Int
  let valuesOffset: Int
  let weightsOffset: Int
  /// The largest record that is stored inside a leaf without fixed widths.
  let recordLimit: Int

  static let maximumKeyLength = 1024
  static let maximumFixedRecord = 512

  /// The largest record of all: a key with a reference to its value. Three fit in any page.
  var largestRecord: Int {
    max(recordLimit, 12 + Self.maximumKeyLength + LeafPage.overflowReferenceSize)
  }

  /// Whether a leaf is an array of keys, one of values and one of weights.
  var hasFixedLeaves: Bool { leafCapacity > 0 }
  var hasFixedKeys: Bool { keyWidth >= 0 }

  /// - Returns: `nil` if the widths are none that a tree can have.
  init?(keyWidth: Int, valueWidth: Int, isWeighted: Bool, pageSize: Int) {
    guard keyWidth >= -1, keyWidth != 0, keyWidth <= Self.maximumKeyLength, valueWidth >= -1 else {
      return nil
    }
    self.keyWidth = keyWidth
    self.valueWidth = valueWidth
    self.isWeighted = isWeighted
    self.pageSize = pageSize
    let space = pageSize - PageHeader.size
    recordLimit = space / 4 - 2
    if keyWidth > 0, valueWidth >= 0 {
      let record = keyWidth + valueWidth
      guard record <= Self.maximumFixedRecord else { return nil }
      leafCapacity = space / (record + (isWeighted ? 8 : 0))
      valuesOffset = PageHeader.size + leafCapacity * keyWidth
      weightsOffset = valuesOffset + leafCapacity * valueWidth
    } else {
      // Only a fixed length of the values is of no use without one of the keys.
      guard valueWidth == -1 else { return nil }
      leafCapacity = 0
      valuesOffset = 0
      weightsOffset = 0
    }
  }

  /// What pages of this layout say in their headers, see `PageHeader.layoutWord`.
  var word: UInt64 {
    UInt64(UInt16(truncatingIfNeeded: keyWidth)) | UInt64(UInt16(truncatingIfNeeded: valueWidth))
      << 16
      | (isWeighted ? 1 << 32 : 0)
  }

  /// The layout that a page's header or a tree's descriptor tells of, if it is a valid one.
  init?(word: UInt64, pageSize: Int) {
    guard word >> 33 == 0 else { return nil }
    let key = Int(Int16(truncatingIfNeeded: word))
    let value = Int(Int16(truncatingIfNeeded: word >> 16))
    self.init(
      keyWidth: key, valueWidth: value, isWeighted: word >> 32 & 1 == 1, pageSize: pageSize)
  }

  /// The bytes of an inner page that a child takes beside its key.
  var childOverhead: Int { (isWeighted ? 20 : 12) + (hasFixedKeys ? 0 : 4) }

  var options: TreeOptions {
    TreeOptions(
      keyWidth: keyWidth < 0 ? nil : keyWidth, valueWidth: valueWidth < 0 ? nil : valueWidth,
      isWeighted: isWeighted)
  }
}
