"""Convolutions, poolings, paddings and locally connected layers, in both orderings of image axes."""

from record import Made, case


def to_cell(L, model):
    """Flatten in the order of the axes, so that a wrong order shows; then a cell."""
    model.add(L.Flatten())
    model.add(L.Dense(10))
    model.add(L.Reshape((5, 2)))
    model.add(L.SimpleRNN(3))
    return model


def other(ordering):
    return "tf" if ordering == "th" else "th"


@case("k033 k108 k122tf k122th", "weights", "kernels of Theano are turned round; same with even kernels")
def conv1d(era):
    """Convolution1D(3 valid relu), Convolution1D(2 same), Convolution1D(4 same), Convolution1D(3 valid, stride 2), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.Convolution1D(4, 3, activation="relu", input_shape=(12, 3)))
    model.add(L.Convolution1D(3, 2, border_mode="same"))
    model.add(L.Convolution1D(4, 4, border_mode="same"))
    model.add(L.Convolution1D(3, 3, subsample_length=2))
    model.add(L.GRU(3))
    return Made(model, era.x(12, 3))


@case("k122tf k122th", "weights", "same with a stride; no bias")
def conv1d_same_stride(era):
    """Convolution1D(3 same, stride 2), Convolution1D(2 same, stride 2, no bias), SimpleRNN"""
    L, model = era.L, era.Sequential()
    model.add(L.Convolution1D(4, 3, border_mode="same", subsample_length=2, input_shape=(13, 3)))
    model.add(L.Convolution1D(3, 2, border_mode="same", subsample_length=2, bias=False))
    model.add(L.SimpleRNN(3))
    return Made(model, era.x(13, 3))


@case("k122tf k122th", "weights", "holes between the kernel's steps")
def conv1d_atrous(era):
    """AtrousConvolution1D(3, rate 2, valid), AtrousConvolution1D(2, rate 2, same), SimpleRNN"""
    L, model = era.L, era.Sequential()
    model.add(L.AtrousConvolution1D(4, 3, atrous_rate=2, input_shape=(12, 3)))
    model.add(L.AtrousConvolution1D(3, 3, atrous_rate=2, border_mode="same", activation="tanh"))
    model.add(L.SimpleRNN(3))
    return Made(model, era.x(12, 3))


@case("k033 k122tf", "weights", "lengths of pooled, padded and repeated sequences")
def shapes1d(era):
    """ZeroPadding1D, Convolution1D, MaxPooling1D(2), UpSampling1D(3), AveragePooling1D(2, stride 1), GRU"""
    L, model = era.L, era.Sequential()
    model.add(L.ZeroPadding1D(2, input_shape=(9, 3)))
    model.add(L.Convolution1D(4, 3))
    model.add(L.MaxPooling1D(2))
    model.add(L.UpSampling1D(3))
    model.add(L.AveragePooling1D(2, stride=1))
    model.add(L.GRU(3))
    return Made(model, era.x(9, 3))


@case("k122tf", "weights", "cropping and global pooling; pooling with border_mode same")
def shapes1d_late(era):
    """Cropping1D, MaxPooling1D(same), LSTM(seq) -> GlobalMaxPooling1D and GlobalAveragePooling1D; ZeroPadding1D of two"""
    L = era.L
    x = era.Input(shape=(11, 3))
    y = L.ZeroPadding1D((1, 2))(L.Cropping1D((1, 2))(x))
    y = L.MaxPooling1D(3, stride=2, border_mode="same")(y)
    y = L.LSTM(4, consume_less="gpu", return_sequences=True)(y)
    outs = [L.GlobalMaxPooling1D()(y), L.GlobalAveragePooling1D()(y), L.SpatialDropout1D(0.3)(y)]
    return Made(era.Model(input=x, output=outs), era.x(11, 3))


@case("k033 k101 k122tf k122th k122thord", "weights", "kernels and Flatten in the file's ordering; Theano flips kernels")
def conv2d_odd(era):
    """Convolution2D(3x3 valid relu), Convolution2D(3x3 same), Flatten, Dense, Reshape, SimpleRNN"""
    L, model = era.L, era.Sequential()
    model.add(L.Convolution2D(3, 3, 3, activation="relu", input_shape=era.image(6, 5, 2)))
    model.add(L.Convolution2D(2, 3, 3, border_mode="same"))
    return Made(to_cell(L, model), era.x(*era.image(6, 5, 2)), scale=0.3)


@case("k033 k122tf k122th k122thord", "weights", "which side gets the odd zero of an even kernel")
def conv2d_even(era):
    """Convolution2D(2x3 same), Convolution2D(4x2 same), Convolution2D(2x2 valid, subsample 2x1), then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.Convolution2D(3, 2, 3, border_mode="same", input_shape=era.image(6, 5, 2)))
    model.add(L.Convolution2D(2, 4, 2, border_mode="same", activation="tanh"))
    model.add(L.Convolution2D(3, 2, 2, subsample=(2, 1)))
    return Made(to_cell(L, model), era.x(*era.image(6, 5, 2)), scale=0.3)


@case("k122tf k122thord", "weights", "same with strides, odd and even sizes")
def conv2d_same_strides(era):
    """Convolution2D(3x3 same, subsample 2), Convolution2D(2x2 same, subsample 2), then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.Convolution2D(3, 3, 3, border_mode="same", subsample=(2, 2), input_shape=era.image(8, 7, 2)))
    model.add(L.Convolution2D(4, 2, 2, border_mode="same", subsample=(2, 2), bias=False))
    return Made(to_cell(L, model), era.x(*era.image(8, 7, 2)), scale=0.3)


@case("k033 k122tf k122th k122thord", "weights", "dim_ordering of the layer against that of the backend")
def conv2d_other_ordering(era):
    """Convolution2D(3x2 valid) and pooling in the ordering that is not the backend's; then a cell"""
    L, model, ordering = era.L, era.Sequential(), other(era.ordering)
    shape = era.image(6, 5, 2, ordering)
    model.add(L.Convolution2D(3, 3, 2, dim_ordering=ordering, activation="tanh", input_shape=shape))
    model.add(L.MaxPooling2D((2, 2), strides=(1, 2), dim_ordering=ordering))
    return Made(to_cell(L, model), era.x(*shape), scale=0.3)


@case("k033 k122tf k122thord", "weights", "pooling, padding, repeating, cutting images")
def shapes2d(era):
    """ZeroPadding2D, Convolution2D, MaxPooling2D, UpSampling2D, AveragePooling2D(strides), then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.ZeroPadding2D((1, 2), input_shape=era.image(5, 4, 2)))
    model.add(L.Convolution2D(3, 2, 2))
    model.add(L.MaxPooling2D((2, 2)))
    model.add(L.UpSampling2D((2, 3)))
    model.add(L.AveragePooling2D((2, 3), strides=(1, 2)))
    return Made(to_cell(L, model), era.x(*era.image(5, 4, 2)), scale=0.3)


@case("k122tf k122thord", "weights", "average pooling at the border: are the zeros counted?")
def shapes2d_same(era):
    """Cropping2D, MaxPooling2D(same), AveragePooling2D(same), Permute, Flatten, then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.Cropping2D(((1, 0), (0, 1)), input_shape=era.image(7, 7, 2)))
    model.add(L.MaxPooling2D((3, 3), strides=(1, 1), border_mode="same"))
    model.add(L.AveragePooling2D((3, 3), strides=(2, 2), border_mode="same"))
    model.add(L.Permute((2, 3, 1)))
    return Made(to_cell(L, model), era.x(*era.image(7, 7, 2)), scale=0.3)


@case("k122tf k122thord", "weights", "global pooling of images at every step")
def timedistributed_conv2d(era):
    """TimeDistributed of Convolution2D, MaxPooling2D, GlobalAveragePooling2D; LSTM"""
    L, model = era.L, era.Sequential()
    shape = (5,) + era.image(5, 4, 2)
    model.add(L.TimeDistributed(L.Convolution2D(3, 2, 3, activation="relu"), input_shape=shape))
    model.add(L.TimeDistributed(L.MaxPooling2D((2, 1))))
    model.add(L.TimeDistributed(L.GlobalAveragePooling2D()))
    model.add(L.LSTM(3, consume_less="gpu"))
    return Made(model, era.x(*shape))


@case("k101", "weights", "images at every step, then their arrays in a row")
def timedistributed_conv2d_flat(era):
    """TimeDistributed of Convolution2D and Flatten; LSTM"""
    L, model = era.L, era.Sequential()
    shape = (5,) + era.image(4, 4, 2)
    model.add(L.TimeDistributed(L.Convolution2D(3, 2, 3, activation="relu"), input_shape=shape))
    model.add(L.TimeDistributed(L.Flatten()))
    model.add(L.LSTM(3))
    return Made(model, era.x(*shape))


@case("k122tf k122th", "weights", "holes between the kernel's pixels")
def conv2d_atrous(era):
    """AtrousConvolution2D(2x2, rate 2), then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.AtrousConvolution2D(3, 2, 2, atrous_rate=(2, 2), input_shape=era.image(6, 5, 2)))
    return Made(to_cell(L, model), era.x(*era.image(6, 5, 2)), scale=0.3)


@case("k122tf", "weights", "depthwise and pointwise kernels")
def conv2d_separable(era):
    """SeparableConvolution2D(depth_multiplier 2, valid), SeparableConvolution2D(same, no bias), then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.SeparableConvolution2D(5, 2, 2, depth_multiplier=2, input_shape=era.image(5, 5, 2)))
    model.add(L.SeparableConvolution2D(5, 3, 3, border_mode="same", bias=False, activation="tanh"))
    return Made(to_cell(L, model), era.x(*era.image(5, 5, 2)), scale=0.3)


@case("k122tf", "weights", "the transposed convolution names its output shape")
def conv2d_transposed(era):
    """Deconvolution2D(3x3, valid, subsample 2), then a cell"""
    L, model = era.L, era.Sequential()
    out = (None,) + era.image(9, 7, 3)
    model.add(
        L.Deconvolution2D(3, 3, 3, output_shape=(3,) + out[1:], subsample=(2, 2), batch_input_shape=(3,) + era.image(4, 3, 2))
    )
    return Made(to_cell(L, model), era.x(*era.image(4, 3, 2)), scale=0.3)


@case("k122tf k122thord", "weights", "kernels of three axes")
def conv3d(era):
    """Convolution3D(2x2x2 valid), Convolution3D(3x2x3 same), MaxPooling3D, then a cell"""
    L, model = era.L, era.Sequential()
    shape = (2, 5, 4, 4) if era.ordering == "th" else (5, 4, 4, 2)
    model.add(L.Convolution3D(3, 2, 2, 2, activation="relu", input_shape=shape))
    model.add(L.Convolution3D(2, 3, 3, 3, border_mode="same"))
    model.add(L.MaxPooling3D((2, 1, 2)))
    return Made(to_cell(L, model), era.x(*shape), scale=0.3)


@case("k122tf", "weights", "padding, repeating, cutting volumes")
def shapes3d(era):
    """ZeroPadding3D, AveragePooling3D, UpSampling3D, Cropping3D, then a cell"""
    L, model = era.L, era.Sequential()
    shape = (2, 4, 4, 3) if era.ordering == "th" else (4, 4, 3, 2)
    model.add(L.ZeroPadding3D((1, 0, 1), input_shape=shape))
    model.add(L.AveragePooling3D((2, 2, 1)))
    model.add(L.UpSampling3D((1, 2, 1)))
    model.add(L.Cropping3D(((1, 0), (0, 1), (1, 1))))
    return Made(to_cell(L, model), era.x(*shape), scale=0.3)


@case("k122tf", "weights", "a kernel for every step")
def local1d(era):
    """LocallyConnected1D(3), LocallyConnected1D(2, stride 2, no bias), SimpleRNN"""
    L, model = era.L, era.Sequential()
    model.add(L.LocallyConnected1D(4, 3, activation="tanh", input_shape=(12, 3)))
    model.add(L.LocallyConnected1D(3, 2, subsample_length=2, bias=False))
    model.add(L.SimpleRNN(3))
    return Made(model, era.x(12, 3))


@case("k122tf k122thord", "weights", "a kernel for every pixel")
def local2d(era):
    """LocallyConnected2D(2x3), then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.LocallyConnected2D(3, 2, 3, input_shape=era.image(5, 5, 2)))
    return Made(to_cell(L, model), era.x(*era.image(5, 5, 2)), scale=0.3)


@case("k122tf k122th k122thord", "weights", "eight kernels and four biases, twelve names; gates i f c o or i c f o?")
def convlstm(era):
    """ConvLSTM2D(3x3 same, seq), ConvLSTM2D(2x2 valid, sigmoid), then a cell"""
    L, model = era.L, era.Sequential()
    shape = (5,) + era.image(4, 4, 2)
    model.add(L.ConvLSTM2D(3, 3, 3, border_mode="same", return_sequences=True, input_shape=shape))
    model.add(L.ConvLSTM2D(2, 3, 3, border_mode="same", inner_activation="sigmoid", go_backwards=True))
    return Made(to_cell(L, model), era.x(*shape), scale=0.3)


@case("k122thord", "weights", "normalised over channels, wherever they are")
def conv2d_normalised(era):
    """Convolution2D, BatchNormalization(channels), PReLU, then a cell"""
    L, model = era.L, era.Sequential()
    model.add(L.Convolution2D(3, 2, 2, input_shape=era.image(4, 4, 2)))
    model.add(L.BatchNormalization(axis=1 if era.ordering == "th" else -1, epsilon=0.01))
    model.add(L.PReLU())
    return Made(to_cell(L, model), era.x(*era.image(4, 4, 2)), scale=0.3)
