/** How the numbers of the report are computed, in words that stand for themselves. */

/** Names and meanings, as HTML. */
export const DEFINITIONS: readonly (readonly [name: string, meaning: string])[] = [
  [
    "Path weight of a node",
    "The product of the gates on the way to it, for one latent <i>z</i>: <i>r(z)</i>, 1 at the root. The weights of one " +
    "level sum to 1. All shares here are sums of these weights: a sample that is half in a leaf counts half there.",
  ],
  ["Usage", "The mean path weight over latents from the prior: the part of the latent space that belongs to the node."],
  ["Goes left, balance", "The part of the node's weight that its left child gets, 0 to 1."],
  [
    "Decision entropy",
    "The mean entropy of the gate in bits, each latent counted by its path weight: 0 where every latent goes one way, 1 " +
    "where all go both ways alike.",
  ],
  [
    "Information",
    "The entropy of the balance less the decision entropy, in bits: what the latent tells of the way taken. 1 for a gate " +
    "that sends half of the latents surely left and half surely right, 0 for one that treats all alike.",
  ],
  [
    "Forced left, forced right",
    "Latents are drawn from <i>p(z | node)</i>, and each is made into a picture twice with this gate at 1 and at 0; all " +
    "other gates decide as they do. So the two sides differ by this decision alone. A side also gets latents that its " +
    "leaves would not see otherwise.",
  ],
  ["Difference", "The mean picture forced left less that forced right; pixels are from -1 to 1."],
  [
    "Effect",
    "The root mean square difference, over pixels, of a picture forced left and forced right, divided by that of two " +
    "pictures of the node: 0 where the gate changes nothing, 1 where it changes as much as another latent does.",
  ],
  ["Label distance", "Half the sum of the differences of label shares of both sides (total variation), 0 to 1."],
  [
    "Labels",
    "What a classifier that was trained on the data set says of generated pictures, as probabilities. It knows no other " +
    "classes, and is not as good on pictures that look like none of them.",
  ],
  [
    "Samples that stand for a node",
    "Of the samples that go through the node most surely (the surer half of its weight, at most 256 of them), first the " +
    "one nearest to the node's mean picture, then one by one those that bring all of them nearest to a shown one.",
  ],
  [
    "Evenness of use",
    "The entropy of the usage of leaves, divided by that of equal usage: 1 where all leaves are used alike.",
  ],
  ["Largest path weight", "That of the likeliest leaf of a sample: 1 for a path that is sure."],
  [
    "Purity, NMI, ARI",
    "Every sample is put into the likeliest node of the level, and takes its likeliest label. Purity: the part of samples " +
    "whose label is the commonest of their node. NMI: mutual information of node and label over the mean of their " +
    "entropies. ARI: agreement of pairs above chance.",
  ],
  [
    "Dendrogram purity",
    "Of two samples of one label, the expected part of that label among all samples under their lowest common node.",
  ],
];
